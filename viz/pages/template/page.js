"use strict";
// Python lays the graph out and writes every text of the page; this script fills in the numbers, and decides what is
// visible. Python joins the files of this folder into one script, in the order that viz/pages/page.py gives.
//
// A state is one folding of the graph: its boxes in topological order, the last of them the root; its arrows as
// [tail, head], with the place of the tail among the operands of the head where both are single Values; and a picture
// in which the ids of nodes and edges end in these indices. The steps of its replay are the start, a forward step for
// each box that is computed, a backward step for each that has a gradient, and the end.

// Sizes of the picture's text, relative to the page's.
const MIN_LEGIBLE = 0.6;
const COMFORTABLE = 0.95; // what smaller text is enlarged to
const MIN_RECOGNISABLE = 0.2; // a graph that is smaller as a whole shows only its end

const MAX_SCALE = 4;
const MARGIN = 40; // pixels around what is brought into view
const GLIDE = 250; // milliseconds
const SECOND = 1000;

const byId = (id) => document.getElementById(id);
const model = JSON.parse(byId("model").textContent);
const { names, keywords, states } = model; // of all Values; a box's members are indices into them
const [stage, slider, search] = [byId("stage"), byId("slider"), byId("search")];

let state; // the current folding
let live = null; // the parts of the page that act when the numbers change, if it computes
let [pinned, pointed, focused] = [null, null, null]; // indices of boxes
let matches = []; // indices of the boxes that the search finds

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

function button(text, action) {
  const element = make("button", "", text);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}


const nameOf = (i) => fill(state.boxes[i].name, state);
