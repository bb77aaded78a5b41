"use strict";

// Tables: a press on a header sorts by that column; a second one turns the order round. Empty cells stay last.
function sortKey(row, column) {
  const cell = row.cells[column];
  return "sort" in cell.dataset ? Number(cell.dataset.sort) : cell.textContent.trim();
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function sortBy(header) {
  const table = header.closest("table");
  const descending = header.getAttribute("aria-sort") === "ascending";
  const column = header.cellIndex;
  const keyed = [...table.tBodies[0].rows].map((row) => [sortKey(row, column), row]);
  const full = keyed.filter(([key]) => key !== "");
  full.sort(([a], [b]) => (descending ? compare(b, a) : compare(a, b)));
  const rows = [...full, ...keyed.filter(([key]) => key === "")].map(([, row]) => row);
  table.tBodies[0].append(...rows);
  for (const other of header.parentElement.cells) other.setAttribute("aria-sort", "none");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
}

for (const button of document.querySelectorAll(".sortable th button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}

// Galleries: a dialog keeps the focus and closes on Escape by itself.
const viewer = document.getElementById("viewer");
let shown = [];
let place = 0;
let opener = null;

function show(number) {
  place = (number + shown.length) % shown.length;
  const picture = shown[place].querySelector("img");
  const frame = document.getElementById("viewer-picture");
  frame.replaceChildren(picture ? picture.cloneNode() : "no picture");
  const name = picture ? picture.alt + ": " : "";
  const caption = shown[place].querySelector(".caption").innerText.replace(/\n/g, ", ");
  document.getElementById("viewer-text").textContent = `${name}${caption} (${place + 1} of ${shown.length})`;
}

for (const thumbnail of document.querySelectorAll(".thumbnail")) {
  thumbnail.addEventListener("click", () => {
    opener = thumbnail;
    shown = [...thumbnail.closest(".gallery").querySelectorAll(".thumbnail")];
    show(shown.indexOf(thumbnail));
    viewer.showModal();
  });
}

viewer.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step) {
    event.preventDefault();
    show(place + step);
  }
});
viewer.addEventListener("close", () => opener && opener.focus());
viewer.addEventListener("click", (event) => event.target === viewer && viewer.close());
document.getElementById("viewer-previous").addEventListener("click", () => show(place - 1));
document.getElementById("viewer-next").addEventListener("click", () => show(place + 1));
document.getElementById("viewer-close").addEventListener("click", () => viewer.close());

// A link to what is folded away unfolds it, whether it is followed or the page was opened with it.
function unfold(hash) {
  const target = document.getElementById(decodeURIComponent(hash.slice(1)));
  for (let each = target; each; each = each.parentElement.closest("details")) if (each.matches("details")) each.open = true;
}
for (const link of document.querySelectorAll('a[href^="#"]')) {
  link.addEventListener("click", () => unfold(link.hash));
}
unfold(location.hash);

// What is wider than its place says that it scrolls, and on which side there is more.
function mark(box) {
  const hidden = box.scrollWidth - box.clientWidth;
  box.parentElement.classList.toggle("scrolls", hidden > 1);
  box.parentElement.classList.toggle("more", hidden - box.scrollLeft > 1);
}
const sizes = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)));
for (const box of document.querySelectorAll(".wide > .scroll")) {
  box.addEventListener("scroll", () => mark(box), { passive: true });
  sizes.observe(box);
}
