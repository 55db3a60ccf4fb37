// Packs a text: what stands in it several times becomes one capital letter.
//
// The result is one string, "text|Awhat A stands for|Bwhat B stands for": `unpack` in the
// built file puts it back. A style sheet says the same things over and over, so this is worth it.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ^~_`@$&?";
const LONGEST = 60;

/** Return the text packed, each part found by what it saves now. */
export function pack(text) {
  const parts = [];
  for (const letter of LETTERS) {
    if (text.includes(letter)) continue;
    const part = best(text);
    if (!part) break;
    text = text.replaceAll(part, letter);
    // The last comes first: what it stands for may hold letters of those before.
    parts.unshift(letter + part);
  }
  return [text, ...parts].join("|");
}

/** Put a packed text back; stands in the built file as it stands here. */
export const unpack = (packed) =>
  packed.split("|").reduce((text, part) => text.replaceAll(part[0], part.slice(1)));

/** Return the part that is worth most: each time it stands there saves all but one letter. */
function best(text) {
  let found;
  let most = 0;
  for (let start = 0; start < text.length; start++) {
    for (let end = start + 2; end <= Math.min(text.length, start + LONGEST); end++) {
      const part = text.slice(start, end);
      const times = text.split(part).length - 1;
      if (times < 2) break;
      const saved = times * (part.length - 1) - part.length - 2;
      if (saved > most) [found, most] = [part, saved];
    }
  }
  return found;
}
