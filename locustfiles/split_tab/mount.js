// Lays the Split page over Locust's own table of that tab. Where Locust's page has no such place any more,
// nothing is done, and the table stays.
"use strict";

const frame = document.createElement("iframe");
frame.title = "Split";
frame.src = "/split/";
frame.style.cssText = "border:0;width:100%;min-height:24rem;display:none";

function tabBar() {
  for (const list of document.querySelectorAll('[role="tablist"]')) {
    for (const tab of list.querySelectorAll('[role="tab"]')) {
      if (tab.textContent.trim() === "Split") return { list, chosen: tab.getAttribute("aria-selected") === "true" };
    }
  }
  return null;
}

// The bar is one child of the container in which the chosen tab's content, here Locust's table, follows it.
function barOf(list) {
  let bar = list;
  for (let up = bar.parentElement; up && up.id !== "root" && !up.querySelector("table"); up = up.parentElement) bar = up;
  return bar;
}

function hide(bar, room) {
  for (const other of room.children) {
    if (other !== frame && bar.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) {
      other.style.display = "none";
      other.dataset.behindSplit = "";
    }
  }
}

function restore() {
  for (const other of document.querySelectorAll("[data-behind-split]")) {
    other.style.display = "";
    delete other.dataset.behindSplit;
  }
}

function lay() {
  const found = tabBar();
  const shown = Boolean(found && found.chosen);
  if (shown) {
    const bar = barOf(found.list), room = bar.parentElement;
    if (frame.parentElement !== room) room.append(frame);
    hide(bar, room);
  } else {
    restore();
  }
  frame.style.display = shown ? "block" : "none";
}

new MutationObserver(lay).observe(document.getElementById("root"), {
  attributes: true, attributeFilter: ["aria-selected"], childList: true, subtree: true,
});
lay();
