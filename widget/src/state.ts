import { api } from "./options";

export const ID = "providerMessageId";

/** A message that is on its way, as it is sent, and kept until the hub has it. */
export interface Letter {
  [ID]: string;
  body: string;
  visitor: Record<string, unknown>;
}

/** What is kept between pages. Nothing is before the visitor opens, sends or is asked for. */
interface State {
  /** `<visitorId>.<secret>`, both made here. */
  self?: string;
  /** What waits to be sent. That it is there, be it empty, says that there is a conversation. */
  outbox?: Letter[];
  /** The last message of an operator that was seen. */
  seen?: number;
  /** The tab used last. */
  tab?: string;
}

/** Without the key: a rotated key goes on with the same talk. */
const NAME = "clonvo:" + api.origin;

let memory: State = {};
/** Storage is full or forbidden: what it holds is old. */
let isFull = false;

/** The state of now, which another tab may have changed; where nothing can be kept, our own. */
export function state(): State {
  try {
    if (!isFull) memory = { ...JSON.parse(localStorage[NAME]) };
  } catch {}
  return memory;
}

function save(next: State): void {
  memory = next;
  isFull = true;
  try {
    localStorage[NAME] = JSON.stringify(next);
    isFull = false;
  } catch {}
}

export const keep = (change: State): void => save({ ...state(), ...change });

/** Forget the visitor, in every tab. */
export const forget = (): void => save({});

/** What nobody can guess. `randomUUID` is missing in the web views of some apps. */
export const random = (): string => crypto.getRandomValues(new Uint32Array(4)).join("");

/** This browser's visitor, made when it is needed first. */
export function visitor(): string {
  if (!state().self) keep({ self: random() + "." + random() });
  return memory.self!;
}
