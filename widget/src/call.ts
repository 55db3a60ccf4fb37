import { api, options } from "./options";
import { visitor } from "./state";
import { nap } from "./time";

declare global {
  interface Window {
    /** The page's word about who is signed in; asked at each call. */
    ClonvoIdentify?: () => any;
  }
}

const IDENTITY_SECONDS = 3;
/** A longer body goes without `keepalive`, which allows 64 KiB of all that is in flight. */
const KEPT_ALIVE = 2e4;

/** Call the hub as this visitor, by POST when there is something to say. No answer: nothing. */
export async function call(
  path: string,
  content: { visitor?: object; events?: object[] } | 0,
  headers?: object,
  signal = AbortSignal.timeout(3e4),
): Promise<Response | void> {
  const caller = visitor();
  const known: Record<string, string> = {};
  if (feature.identify) {
    // The page may fail to say who its user is, or never say it: then nobody knows.
    try {
      const who = await Promise.race([self.ClonvoIdentify?.(), nap(IDENTITY_SECONDS)]);
      // A user object may hold anything: what the hub may know is taken, as text.
      for (const field in who)
        if (who[field] && /^(ext|iden)/.test(field)) known[field] = "" + who[field];
    } catch {}
  }
  const body = content && JSON.stringify({ ...content, visitor: { ...content.visitor, ...known } });
  return fetch(api + path, {
    headers: {
      Authorization: "Bearer " + options.key,
      "X-Visitor": caller,
      "Content-Type": "application/json",
      // A page that was sent something else than a token is told so by the hub.
      "X-Identity": encodeURI(known.identityToken ?? ""),
      ...headers,
    },
    ...(body && { method: "POST", body, keepalive: body.length < KEPT_ALIVE }),
    signal,
  }).catch(() => {});
}

/** Tell what the visitor does; nobody waits for it. */
export function tell(type: string, seq?: number): void {
  if (feature.events) call("events", { events: [{ type, seq }] });
}
