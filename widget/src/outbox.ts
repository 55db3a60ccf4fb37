import { call } from "./call";
import { api } from "./options";
import { ID, keep, type Letter, state, visitor } from "./state";
import { note, row } from "./talk";
import { rest } from "./time";

/** What this tab sends goes one after the other. No other tab ever changes it. */
let before = Promise.resolve();
let wake: (() => void) | undefined;
/** After so many tries no more proofs are made: the hub may never be content. */
const ENOUGH = 9;

/** The network is back: try at once. */
export const hurry = (): void => wake?.();

/** Send until the hub has it or refuses it, or the one who wrote it is gone. */
export function post(letter: Letter): void {
  const { [ID]: id, body } = letter;
  const writer = visitor();
  const mark = (word: string, retry?: () => void) =>
    writer == state().self && note(row(id, body, true), word, retry);
  mark("waiting");
  before = before.then(async () => {
    let proof = "";
    for (let tries = 0; writer == state().self; ) {
      mark("sending");
      const response = await call("messages", letter, { "X-Challenge": proof });
      // A new visitor may have to prove something, by a script that is loaded for that alone.
      if (feature.challenge && !response?.ok && tries < ENOUGH) {
        try {
          const { challenge, error } = await response!.json();
          console.warn(error);
          proof = await (await import(api.origin + challenge.script)).default(challenge.data);
          tries++;
          continue;
        } catch {}
      }
      if (response?.ok) {
        mark("sent");
        keep({ outbox: state().outbox?.filter((other) => other[ID] != id)! });
        break;
      }
      // What is refused is kept too: a key or a token may be mended by the next page.
      if (response?.status! < 500 && response!.status != 429) {
        mark("failed", () => post(letter));
        break;
      }
      mark("waiting");
      await new Promise<void>((end) => {
        rest(response, tries++).then(end);
        // A wait that the hub asked for is not cut short.
        if (feature.online && !response) wake = end;
      });
    }
  });
}
