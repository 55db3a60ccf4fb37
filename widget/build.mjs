// Bundles, minifies and weighs widget.js. `--size` prints what each feature costs; `--out FILE`
// writes elsewhere, `--without NAME` leaves a feature out.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
import { minify } from "terser";
import { pack, unpack } from "./pack.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const FILE = join(HERE, "..", "plugins", "hub_widget", "static", "widget.js");
const LIMIT = 7168;
// The first that have all that is used: constructable style sheets, `inert`, ARIA as properties.
const BROWSERS = ["chrome111", "firefox119", "safari16.4"];
const FEATURES = [
  "challenge", "contrast", "events", "identify", "inert", "links", "online", "order",
  "presence", "push", "remount", "reset", "retryAfter", "shield", "strings", "tabs", "typing",
  "watchdog",
];
// Names of our own that need not be long in the built file. What is kept in browsers under the
// short ones must stay as it is.
const SHORT = { mine: "m", outbox: "q", seen: "r", tab: "t", self: "v" };

/** A style sheet as a module: its minified text, and the short names that its classes get. */
const styles = {
  name: "styles",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, "utf8"), {
        loader: "css", minify: true, target: BROWSERS,
      });
      const names = new Map();
      const short = (name) => {
        if (!names.has(name)) names.set(name, String.fromCharCode(97 + names.size));
        return names.get(name);
      };
      const text = code.trim().toLowerCase().replaceAll(", ", ",").replace(/\.([a-z]+)(?![\w-])(?=[^{}]*\{)/g, (_, name) => `.${short(name)}`);
      const exported = [...names].map(([name, letter]) => `export const ${name.toUpperCase()} = "${letter}";`);
      const packed = JSON.stringify(pack(text));
      return { contents: [`export default (${unpack})(${packed});`, ...exported].join("\n") };
    });
  },
};

async function make(without) {
  const { outputFiles } = await build({
    absWorkingDir: HERE,
    bundle: true,
    charset: "utf8",
    define: Object.fromEntries(FEATURES.map((name) => [`feature.${name}`, `${name != without}`])),
    entryPoints: ["src/main.ts"],
    format: "iife",
    mangleCache: SHORT,
    mangleProps: new RegExp(`^(${Object.keys(SHORT).join("|")})$`),
    plugins: [styles],
    target: BROWSERS,
    tsconfigRaw: { compilerOptions: { alwaysStrict: false } },
    write: false,
  });
  // `let` is shorter, and stands beside others of its kind.
  const { code } = await minify(outputFiles[0].text.replace(/\bconst /g, "let "), {
    compress: { hoist_funs: true, inline: 1, passes: 5 },
    ecma: 2020,
  });
  return `${code.trim()}\n`;
}

const { values } = parseArgs({
  options: { out: { type: "string" }, size: { type: "boolean" }, without: { type: "string" } },
});
const code = await make(values.without);
const size = Buffer.byteLength(code);
const brotli = brotliCompressSync(code, {
  params: { [constants.BROTLI_PARAM_SIZE_HINT]: size },
});
const gzip = gzipSync(code, { level: 9 });
console.log(`widget.js: ${size} bytes, ${gzip.length} gzip, ${brotli.length} brotli`);
if (values.size) {
  for (const name of FEATURES) {
    const cost = size - Buffer.byteLength(await make(name));
    console.log(`  ${name.padEnd(12)}${String(cost).padStart(5)}`);
  }
} else {
  const file = values.out ?? FILE;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, code);
  writeFileSync(`${file}.br`, brotli);
}
if (size > LIMIT) {
  console.error(`${size - LIMIT} bytes too many: ${LIMIT} at most`);
  process.exitCode = 1;
}
