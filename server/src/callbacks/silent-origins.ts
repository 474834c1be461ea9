// Endpoints that do not answer at all hold a place until the time limit. Once a server is known to be silent, only a few
// deliveries at a time try it, so that the other places are there for those who answer.

const MAX_AT_ONCE = 2;

/** Far more than anybody has; a stranger's URLs must not fill the memory. */
const MAX_KNOWN = 1_000;

/** Which servers were silent when last asked, and how many deliveries are under way to each. */
export class SilentOrigins {
  readonly #silent = new Set<string>();
  readonly #underWay = new Map<string, number>();

  /** True when a delivery may be made now; it then counts as under way until `leave`. */
  enter(url: string): boolean {
    const origin = originOf(url);
    const count = this.#underWay.get(origin) ?? 0;
    if (this.#silent.has(origin) && count >= MAX_AT_ONCE) return false;
    this.#underWay.set(origin, count + 1);
    return true;
  }

  /** The delivery is over; `outcome` is how the server behaved. */
  leave(url: string, outcome: 'answered' | 'silent'): void {
    const origin = originOf(url);
    const count = this.#underWay.get(origin) ?? 0;
    if (count > 1) this.#underWay.set(origin, count - 1);
    else this.#underWay.delete(origin);
    if (outcome === 'answered') this.#silent.delete(origin);
    else this.#add(origin);
  }

  #add(origin: string): void {
    // What is forgotten costs one more time limit.
    if (this.#silent.size >= MAX_KNOWN) this.#silent.clear();
    this.#silent.add(origin);
  }
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
