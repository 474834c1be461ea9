import { z } from 'zod';
import { defineTool } from '../../../src/tools/tool';
import { ToolRegistry } from '../../../src/tools/tool-registry';
import { slowTool } from './tool-rig';

test('declares its tools with their arguments as JSON Schema', () => {
  const tool = defineTool({
    name: 'find_order',
    description: 'Finds an order.',
    parameters: z.strictObject({ id: z.string().describe('Its number.'), limit: z.number().default(3) }),
    run: () => Promise.resolve(),
  });

  expect(new ToolRegistry([], [tool]).declarations()).toEqual([
    {
      name: 'find_order',
      description: 'Finds an order.',
      parameters: {
        type: 'object',
        properties: { id: { type: 'string', description: 'Its number.' }, limit: { type: 'number', default: 3 } },
        required: ['id'],
        additionalProperties: false,
      },
    },
  ]);
});

test('finds a tool by its name, and nothing by another', () => {
  const tool = slowTool('find_order');
  const registry = new ToolRegistry([], [tool]);

  expect(registry.find('find_order')).toBe(tool);
  expect(registry.find('constructor')).toBeUndefined();
  expect(registry.names).toEqual(['find_order']);
});

test('refuses two tools of one name', () => {
  expect(() => new ToolRegistry([], [slowTool('a'), slowTool('a')])).toThrow('There are two tools named "a"');
});

test('refuses the name of a built-in tool, whether that one is in use or not', () => {
  const own = slowTool('end_call');

  expect(() => new ToolRegistry([], [own])).toThrow('"end_call": the name belongs to a built-in tool');
  expect(() => new ToolRegistry([slowTool('end_call')], [own])).toThrow('belongs to a built-in tool');
});

test('arguments that are no object cannot be declared', () => {
  const define = () =>
    defineTool({ name: 'a', description: 'b', parameters: z.string(), run: () => Promise.resolve() });

  expect(define).toThrow('must be an object');
});
