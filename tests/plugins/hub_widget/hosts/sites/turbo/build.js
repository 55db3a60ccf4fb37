import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const page = (title) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>${title}</title>
    <script type="module" src="/turbo.js"></script>
    <script src="https://hub.example.com/widget.js"
      data-key="cwk_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" defer></script>
  </head>
  <body>
    <nav><a href="/">Home</a> <a href="/about/">About</a></nav>
    <h1>${title}</h1>
  </body>
</html>
`;

mkdirSync("dist/about", { recursive: true });
writeFileSync("dist/index.html", page("Home"));
writeFileSync("dist/about/index.html", page("About"));
cpSync(fileURLToPath(import.meta.resolve("@hotwired/turbo")), "dist/turbo.js");
