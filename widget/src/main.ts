import { tell } from "./call";
import { host, root } from "./dom";
import { holding, listen, rewind, type Said, stop } from "./live";
import { options, page } from "./options";
import { hurry, post } from "./outbox";
import { badge, box, html, launcher, log, panel, presence, put, sender, style, title } from "./panel";
import { forget, ID, keep, random, state, visitor } from "./state";
import { list, note, place, row, shown } from "./talk";
import { words } from "./words";

type Api = Record<string, (...given: never[]) => unknown>;

declare global {
  interface Window {
    Clonvo?: Api | { open?: never; map?: unknown[]["map"] };
  }
}

const TYPING_TOLD = 4e3;

interface Resting {
  inert?: boolean;
}

/** This tab, among those of the site. */
const me = random();
/** Whose talk is on the screen. */
let known: string | undefined;
let isOpen = false;
const nothing: Resting = {};
/** What rests behind a panel that fills the screen. */
let covered = nothing;
/** When it is worth telling again that the visitor types. */
let typed = 0;

/** The visitor is in this tab now. */
function touch(): void {
  if (!page.hidden && state().self) keep({ tab: me });
  // Also what a tab left that is closed by now.
  state().outbox?.map((letter) => root.getElementById(letter[ID]) ?? post(letter));
  update();
}

/** Make everything follow from what is so now. */
function update(): void {
  const { self, outbox, tab, seen = 0 } = state();
  if (feature.reset && known && known != self) {
    rewind();
    list.replaceChildren();
    box.value = "";
  }
  known = self;
  const behind: Resting = (isOpen && !panel.offsetLeft && page.body) || nothing;
  if (feature.inert && behind != covered) {
    covered.inert = false;
    (covered = behind).inert = true;
  }
  // The stream is held for an open panel or a talk, and in one tab of those in the back.
  if (!(isOpen || outbox) || (feature.tabs && page.hidden && tab != me)) stop();
  else if (!holding()) {
    // Another tab may make a visitor at the same time: the one of this stream is remembered.
    known = visitor();
    listen(receive);
  }

  let unread = shown().filter((row) => !row.mine && row.seq! > seen);
  const seq = unread.at(-1)?.seq;
  // Who reads further up has not seen it.
  if (seq && isOpen && !page.hidden && log.scrollTop > -9) {
    keep({ seen: seq });
    tell("read", seq);
    unread = [];
  }
  const count = unread.length || "";
  const name = options.title || words.title!;
  title.textContent = panel.ariaLabel = name;
  launcher.ariaLabel = isOpen ? words.close! : name + (count && ` (${count})`);
  launcher.ariaExpanded = isOpen as never;
  sender.ariaLabel = words.send!;
  box.placeholder = words.write!;
  badge.textContent = count as string;
}

function receive(said?: Said): void {
  if (!said) update();
  else if (said.id) {
    const found = row(said.cid ?? said.id, said.body, said.from[0] == "v");
    const at = new Date(said.at);
    const dateStyle = (at as never) < new Date().setHours(0, 0) ? "short" : undefined;
    const time = at.toLocaleString([], { timeStyle: "short", dateStyle });
    note(found, [said.name] + " " + time);
    place(found, said.seq);
    if (!state().outbox) keep({ outbox: [] });
  } else if (said.type == "config") {
    if (said.moved) {
      list.replaceChildren();
      keep({ seen: 0 });
    }
    if (feature.strings) {
      host.lang = said.lang!;
      host.dir = said.dir!;
    }
    if (feature.strings) Object.assign(words, said.strings);
    if (feature.presence) presence.textContent = said.presence!;
    place(row("0", said.greeting || words.greeting!), 0);
  } else if (said.type == "read" && !(said.seq <= state().seen!)) keep({ seen: said.seq });
}

/** Somebody changed the page: it may have a new body, or no widget. */
function mend(): void {
  put();
  update();
}

function show(open: boolean): void {
  if (isOpen == open) return;
  if (!open && root.activeElement) launcher.focus();
  isOpen = open;
  panel.hidden = !open;
  // A phone's keyboard would hide the talk.
  if (open) (matchMedia("(hover)").matches ? box : log).focus();
  tell(open ? "opened" : "closed");
  touch();
}

function send(text: string): void {
  const body = ("" + text).trim();
  if (body) {
    const letter = {
      [ID]: random(),
      body,
      visitor: { path: location.pathname, referer: page.referrer },
    };
    // Kept until it is sent, over reloads too.
    keep({ outbox: [...(state().outbox ?? []), letter] });
    post(letter);
  }
  log.scrollTop = 0;
  touch();
}

function submit(): void {
  send(box.value);
  box.value = "";
  box.focus();
}

function press(event: KeyboardEvent): void {
  // The page's shortcuts cannot see that somebody writes here.
  if (feature.shield) event.stopPropagation();
  // Enter and Escape are the input method's while it composes.
  if (event.isComposing || event.keyCode == 229) return;
  if (event.key == "Escape") show(false);
  if (event.key == "Enter" && !event.shiftKey && root.activeElement == box) {
    event.preventDefault();
    submit();
  }
}

/** What the page asked for before this was loaded; or the widget itself, loaded before. */
const early = self.Clonvo;
if (!options.key) console.warn("Clonvo: no data-key");
// A page may load the script again, or run it again after it swapped its body.
else if (!early?.open) {
  const api: Api = (self.Clonvo = {
    open: () => show(true),
    close: () => show(false),
    sendProgrammatic: send,
    visitorId: () => visitor().split(".")[0],
    reset() {
      forget();
      update();
    },
    push: ([command, ...given]: [string, ...never[]]) => api[command]?.(...given),
  });
  put();
  if (feature.remount) new MutationObserver(mend).observe(html, { childList: true });

  const { color } = options;
  if (CSS.supports("color", color!)) style.setProperty("--c", color!);
  // The style sheet mixes the colour with itself, so that it is read as parts from 0 to 1.
  const [red, green, blue] = getComputedStyle(launcher)
    .backgroundColor.match(/[\d.]+/g)!
    .map((part) => (part as never) ** 2.2);
  // Fourteen times the luminance, beside what is as far from white as from black.
  const isLight = 3 * red! + 10 * green! + blue! > 2.5;
  // Black or white is written on it, whichever is read better.
  style.setProperty("--i", feature.contrast && isLight ? "#000" : "#fff");

  launcher.onclick = () => show(!isOpen);
  sender.onclick = submit;
  box.oninput = ({ timeStamp }) => {
    if (feature.typing && timeStamp > typed) {
      typed = timeStamp + TYPING_TOLD;
      tell("typing");
    }
  };
  host.onkeydown = host.onkeypress = press;
  log.onscroll = update;
  const happenings: Record<string, () => void> = {
    online() {
      hurry();
      stop();
      update();
    },
    pagehide: stop,
    resize: update,
    storage: update,
    visibilitychange: touch,
  };
  for (const event in happenings) addEventListener(event, happenings[event]!);
  touch();
  if (feature.push) (early as unknown[] | undefined)?.map?.(api.push as never);
}
