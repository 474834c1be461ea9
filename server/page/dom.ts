// The few things that the page does with elements. Every text goes in as text: nothing from outside is ever markup.

type Attributes = Readonly<Record<string, string>>;

/** Makes an element. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** The element of this id, which index.html has. */
export function byId<E extends HTMLElement>(id: string, kind: abstract new () => E): E {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`index.html has no ${id}.`);
}

/** Sets a text, and touches nothing when it is there already: screen readers read what is touched. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute, or takes it away. */
export function setAttribute(node: Element, name: string, value: string | undefined): void {
  if (value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** The rows of a dl, which are kept as long as their names are the same. */
export function showPairs(list: HTMLElement, pairs: readonly (readonly [name: string, value: string])[]): void {
  const names = pairs.map(([name]) => name).join('\n');
  if (list.dataset['names'] !== names) {
    list.dataset['names'] = names;
    const rows = pairs.map(([name]) => element('div', {}, [element('dt', {}, [name]), element('dd')]));
    list.replaceChildren(...rows);
  }
  list.querySelectorAll('dd').forEach((value, index) => setText(value, pairs[index]?.[1] ?? ''));
}

/** One row of a list, and how it is brought up to date. */
export type Row<T> = { readonly node: HTMLElement; readonly update: (item: T) => void };

/** A list whose rows stay the same elements as long as their items are there, so that focus and reading stay. */
export class KeyedList<T> {
  readonly #parent: HTMLElement;
  readonly #keyOf: (item: T) => string;
  readonly #create: (item: T) => Row<T>;
  readonly #rows = new Map<string, Row<T>>();

  constructor(parent: HTMLElement, keyOf: (item: T) => string, create: (item: T) => Row<T>) {
    this.#parent = parent;
    this.#keyOf = keyOf;
    this.#create = create;
  }

  /** Shows these items in this order. */
  show(items: readonly T[]): void {
    this.#drop(new Set(items.map(this.#keyOf)));
    let next = this.#parent.firstElementChild;
    for (const item of items) {
      const { node, update } = this.#rowOf(item);
      update(item);
      // Only what is out of place is moved: a move takes the focus away.
      if (node === next) next = next.nextElementSibling;
      else this.#parent.insertBefore(node, next);
    }
  }

  #rowOf(item: T): Row<T> {
    const key = this.#keyOf(item);
    const row = this.#rows.get(key) ?? this.#create(item);
    this.#rows.set(key, row);
    return row;
  }

  #drop(wanted: ReadonlySet<string>): void {
    for (const [key, { node }] of this.#rows) {
      if (wanted.has(key)) continue;
      node.remove();
      this.#rows.delete(key);
    }
  }
}
