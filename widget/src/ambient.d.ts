/** What the build puts in: the minified style sheet with its class names, and which features are on. */
declare module "*.css" {
  const text: string;
  export default text;
  export const LAUNCHER: string;
  export const OWN: string;
  export const THEIRS: string;
}

declare const feature: Readonly<
  Record<
    | "challenge"
    | "contrast"
    | "events"
    | "identify"
    | "inert"
    | "links"
    | "online"
    | "order"
    | "presence"
    | "push"
    | "remount"
    | "reset"
    | "retryAfter"
    | "shield"
    | "strings"
    | "tabs"
    | "typing"
    | "watchdog",
    boolean
  >
>;
