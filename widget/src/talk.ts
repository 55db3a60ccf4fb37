import { linked, make, root } from "./dom";
import { OWN } from "./style.css";
import { words } from "./words";

/** One message on the screen. */
interface Row extends HTMLElement {
  /** Its place in the talk; what the hub does not have yet has none, and comes last. */
  seq?: number;
  mine: boolean;
}

export const list = make("div");

/** The messages in their order. */
export const shown = (): Row[] => [...list.children] as Row[];

/** Show a message once, whoever told of it first: the visitor's own come back over the stream. */
export function row(id: string, body: string, mine?: boolean): Row {
  let found = root.getElementById(id) as Row | null;
  if (!found) {
    const props = { id, className: mine && OWN, mine };
    found = make("div", props, make("p", 0, ...linked(body)), make("small")) as unknown as Row;
    list.append(found);
  }
  return found;
}

/** Put a message where the hub has it: replies may have come in before one that waited. */
export function place(row: Row, seq: number): void {
  row.seq = seq;
  if (feature.order) {
    const next = shown().find((other) => !(other.seq! <= seq));
    // What is moved is read aloud again.
    if (next && next != row.nextSibling) next.before(row);
  }
}

/** Say below a message what became of it, until it has its place. */
export function note(row: Row, word: string, retry?: () => void): void {
  const text = words[word] ?? word;
  const said = retry ? make("button", { onclick: retry }, text) : text;
  if (!row.seq) (row.lastChild as HTMLElement).replaceChildren(said);
}
