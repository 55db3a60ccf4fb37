import { page } from "./options";

/** Not a `div`: themes hide empty ones. Not in the body: frameworks replace what is in it. */
export const host = page.createElement("clonvo-chat");
export const root = host.attachShadow({ mode: "open" });

/** Make an element. Never from markup: no text can become a tag, and strict pages allow it. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props?: object | 0,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(page.createElement(tag), props);
  element.append(...children);
  return element;
}

/** A text with its addresses as links; what closes a sentence is no part of an address. */
export const linked = (text: string): (Node | string)[] =>
  feature.links
    ? text
        .split(/(https?:\/\/[#-;=?-~À-῿]*[\w/=&#%+~À-῿-])/)
        .map((part, index) =>
          index % 2 ? make("a", { href: part, target: "_blank" }, part) : part,
        )
    : [text];
