import { host, make, root } from "./dom";
import { options, page } from "./options";
import css, { LAUNCHER } from "./style.css";
import { list } from "./talk";

export const html = page.documentElement;

export const title = make("h2");
export const presence = make("span");
export const log = make("div", { role: "log", tabIndex: 0 }, list);
export const box = make("textarea", { rows: 1 });
export const sender = make("button");
export const badge = make("b");
export const launcher = make("button", { className: LAUNCHER }, badge);
export const panel = make(
  "section",
  { role: "dialog", hidden: true },
  make("header", 0, title, presence),
  log,
  make("footer", 0, box, sender),
);

export const { style } = root.appendChild(make("aside", { className: options.position }, panel, launcher));
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
root.adoptedStyleSheets = [sheet];

/** Put the widget on the page, also when somebody took it away. */
export function put(): void {
  if (!host.isConnected) html.append(host);
}
