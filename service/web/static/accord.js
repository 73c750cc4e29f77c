// Small comforts; every page works without this file.
(function () {
  "use strict";
  const root = document.documentElement;

  function typing(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  }

  function closeFloating() {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      menu.open = false;
    });
    if (location.hash === "#rooms") location.hash = "#content";
  }

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") closeFloating();
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const search = document.querySelector(".search input");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  document.addEventListener("click", function (event) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
    openRow(event);
    copyText(event);
  });

  // A table row with data-opens follows its own link, unless the reader meant a control or is selecting text.
  function openRow(event) {
    const row = event.target.closest("tr[data-opens]");
    if (!row || event.target.closest("a, button, input, summary, label")) return;
    if (String(window.getSelection())) return;
    const link = row.querySelector("a[href]");
    if (!link) return;
    if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
    else link.click();
  }

  function copyText(event) {
    const button = event.target.closest("button[data-copies]");
    if (!button || !navigator.clipboard) return;
    const source = document.getElementById(button.dataset.copies);
    navigator.clipboard.writeText(source.textContent).then(function () {
      button.textContent = button.dataset.done;
    });
  }

  document.querySelectorAll("button[data-copies]").forEach(function (button) {
    button.hidden = !navigator.clipboard;
  });

  // The theme changes at once; the form is posted all the same, so that the next page knows.
  const NEXT = { auto: "light", light: "dark", dark: "auto" };

  function themeButtons() {
    return document.querySelectorAll("form.prefs button[name=theme]");
  }

  function applyTheme(theme) {
    if (theme === "auto") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", theme);
    themeButtons().forEach(function (button) {
      button.value = NEXT[theme];
      button.querySelector(".theme-now").textContent = button.dataset[theme];
    });
  }

  themeButtons().forEach(function (button) {
    button.addEventListener("click", function (event) {
      const theme = button.value;
      const body = new FormData(button.form);
      body.set("theme", theme);
      event.preventDefault();
      applyTheme(theme);
      fetch(button.form.action, { method: "POST", body: body, redirect: "manual" }).catch(function () {});
    });
  });
})();
