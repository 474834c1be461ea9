// What becomes of the connections between callbacks.

import { DeliveryRig } from './delivery-rig';
import { until } from '../../support/until';

let rig: DeliveryRig;

beforeEach(async () => {
  rig = await DeliveryRig.open();
});

afterEach(() => rig.close());

test('a connection is let go of as soon as the endpoint says that it will not keep it for longer', async () => {
  // It says so and keeps it all the same: whatever closes it is not the endpoint.
  rig.endpoint.reply = () => ({ status: 200, headers: { Connection: 'keep-alive', 'Keep-Alive': 'timeout=2' } });
  rig.start();

  rig.queue('first');
  await until(() => rig.endpoint.deliveries.length === 1);

  await until(async () => (await rig.endpoint.connections()) === 0, { timeoutMs: 4_000 });
});
