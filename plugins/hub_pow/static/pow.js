// Finds the n for which sha256(salt + ":" + n) begins with `bits` zero bits; the widget import()s
// this when the hub asks, and sends what it resolves to as X-Challenge. SHA-256 (FIPS 180-4) is
// written out: WebCrypto takes longer to answer than to hash.

const roots = [[], []]; // of the first 64 primes: square and cube, their fractions
for (let n = 2; roots[1].length < 64; n++) {
  let prime = true;
  for (let d = 2; d * d <= n; d++) if (n % d == 0) prime = false;
  if (prime) [2, 3].forEach((root, i) => roots[i].push((n ** (1 / root) * 2 ** 32) | 0));
}
const [start, k] = roots;
const w = new Int32Array(64);
const turn = (x, by) => (x >>> by) | (x << (32 - by));

// The first 32 bits of the hash of at most 55 ASCII characters: one block.
const first = (text) => {
  w.fill(0, 0, 15);
  for (let i = 0; i <= text.length; i++)
    w[i >> 2] |= (i < text.length ? text.charCodeAt(i) : 128) << (24 - (i % 4) * 8);
  w[15] = text.length * 8;
  let [a, b, c, d, e, f, g, h] = start;
  for (let i = 0; i < 64; i++) {
    if (i > 15) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) +
        (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    const s = (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + h + k[i] + w[i];
    const t = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g; g = f; f = e; e = (d + s) | 0; d = c; c = b; b = a; a = (s + t) | 0;
  }
  return (a + start[0]) | 0;
};

// Each slice is a task of its own: the page goes on in between, and no timer slows us down.
const pause = () => new Promise((go) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => go(port1.close());
  port2.postMessage(0);
});

export default async ({ ticket, salt, bits }) => {
  for (let n = 0; ; await pause())
    for (const end = Date.now() + 8; Date.now() < end; )
      for (let i = 0; i < 64; i++, n++)
        if (Math.clz32(first(`${salt}:${n}`)) >= bits) return `${ticket}.${n}`;
};
