// What the page's own buttons do with the widget: all of it is in docs/widget.md.
for (const button of document.querySelectorAll("[data-ask]")) {
  button.addEventListener("click", () => {
    window.Clonvo.open();
    if (button.dataset.ask) window.Clonvo.sendProgrammatic(button.dataset.ask);
  });
}
