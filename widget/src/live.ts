import { call } from "./call";
import { random } from "./state";
import { rest } from "./time";

/** What the stream says; which fields there are depends on the type. */
export interface Said {
  type: "config" | "message" | "typing" | "read";
  seq: number;
  id?: string;
  /** The id that the widget gave, on the visitor's own messages. */
  cid?: string;
  from: "visitor" | "operator";
  name?: string;
  body: string;
  at: string;
  /** What was shown before is another talk's. */
  moved?: boolean;
  strings?: Record<string, string>;
  lang?: string;
  dir?: string;
  greeting?: string;
  /** What stands below the title. */
  presence?: string;
}

/** The hub gives a sign of life each 15 seconds: a stream silent for longer is dead. */
const SILENCE = 45e3;

/** Where to go on: the last message that came. */
let last = "";
/** The connection that counts: one that was let go does not come back. */
let held: AbortController | undefined;
let watchdog = 0;

export const holding = (): boolean => !!held;

export function stop(): void {
  held = held?.abort() as undefined;
}

/** Forget how far the stream was read: another visitor's follows. */
export function rewind(): void {
  stop();
  last = "";
}

/** Hold the stream, coming back whenever it ends, until `stop`. `hear()` ends what came at once. */
export async function listen(hear: (said?: Said) => void, tries = 0): Promise<void> {
  const mine = (held = new AbortController());
  const alive = () => {
    clearTimeout(watchdog);
    if (feature.watchdog) watchdog = setTimeout(() => mine.abort(), SILENCE);
  };
  let response: Response | void = undefined;
  alive();
  try {
    // Firefox holds a GET of what another page or tab is reading back for 20 seconds, whatever its
    // headers say of keeping it: so each is of an address of its own.
    response = await call("stream?" + random(), 0, { "Last-Event-ID": last }, mine.signal);
    if (response!.ok) {
      const reader = response!.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = "", chunk; !(chunk = await reader.read()).done; ) {
        alive();
        tries = 0;
        const lines = (part + chunk.value).split("\n");
        part = lines.pop()!;
        for (const line of lines) {
          // A line of data; beside it there are numbers and signs of life.
          if (line[0] == "d") {
            const said: Said = JSON.parse(line.slice(5));
            if (said.id) last = said.id;
            hear(said);
          }
        }
        hear();
      }
    }
  } catch {}
  await rest(response, tries);
  if (mine == held) listen(hear, tries + 1);
}
