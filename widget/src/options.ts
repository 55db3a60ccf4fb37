export const page = document;

/** The script tag. `currentScript` is null in a module and after a callback. */
const script = (page.currentScript ??
  page.querySelector("[data-key^=cwk_]")) as HTMLScriptElement | null;

export const options: DOMStringMap = script?.dataset ?? {};

/** The address of the widget's calls, with a slash at its end. */
export const api = new URL("/api/v1/widget/", options.base || script?.src || (location as never));
