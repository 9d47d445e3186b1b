// node typeset.js PROGRAM: reads a JSON list of formulas in LaTeX, and prints what the program makes of each, its MathML
// or the message of its error. One program in a process, for MathJax 3 and 4 share a global name.

import { readFileSync } from "node:fs";

// KaTeX, when strict, refuses letters whose widths it does not know, such as Hebrew ones, though it shows them.
const strict = (code) => (code === "unknownSymbol" ? "ignore" : "error");
const loading = { loader: { load: ["input/tex"] } };

const programs = {
  async KaTeX() {
    const { default: katex } = await import("katex");
    return (latex) => katex.renderToString(latex, { displayMode: true, output: "mathml", strict, throwOnError: true });
  },
  async Temml() {
    const { default: temml } = await import("temml");
    return (latex) => temml.renderToString(latex, { displayMode: true, strict: true, throwOnError: true });
  },
  async "MathJax 3"() {
    const { default: mathjax } = await import("mathjax3/es5/node-main.js");
    const { tex2mml } = await mathjax.init(loading);
    return (latex) => tex2mml(latex, { display: true });
  },
  async "MathJax 4"() {
    const { default: mathjax } = await import("mathjax4/node-main.mjs");
    const { tex2mml } = await mathjax.init(loading);
    return (latex) => tex2mml(latex, { display: true });
  },
};

const typeset = await programs[process.argv[2]]();
const results = JSON.parse(readFileSync(0, "utf8")).map((latex) => {
  try {
    return { mathml: typeset(latex) };
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
});
process.stdout.write(JSON.stringify(results), () => process.exit(0));
