import { type RefObject, useEffect, useRef } from "react";
import type { PlayerHandle } from "./MessagePlayer";

/** Keys on the list: space plays and pauses, left and right seek, up and down walk, Delete deletes. */
export function useKeys(
  box: RefObject<HTMLElement | null>,
  player: RefObject<PlayerHandle | null>,
  remove: () => void,
) {
  const latest = useRef(remove);
  latest.current = remove;
  useEffect(() => {
    const pressed = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || isTyping(e.target)) return;
      if (act(e, box.current, player.current, latest.current)) e.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [box, player]);
}

/** Does what the key says and tells whether it said anything. */
function act(e: KeyboardEvent, box: HTMLElement | null, player: PlayerHandle | null, remove: () => void): boolean {
  switch (e.key) {
    case " ":
      if (!player || takesSpace(e.target)) return false;
      player.toggle();
      return true;
    case "ArrowLeft":
      player?.skip(-1);
      return player !== null;
    case "ArrowRight":
      player?.skip(1);
      return player !== null;
    case "ArrowUp":
      return walk(box, -1);
    case "ArrowDown":
      return walk(box, 1);
    case "Delete":
      remove();
      return true;
  }
  return false;
}

const within = (target: EventTarget | null, selector: string) =>
  target instanceof HTMLElement && target.closest(selector) !== null;

const isTyping = (target: EventTarget | null) =>
  within(target, "input, textarea, select, [role=dialog], [role=menu], [role=tablist]");

/** Buttons are pressed with space, but on the open message it plays and pauses. */
const takesSpace = (target: EventTarget | null) =>
  within(target, "button, a") && !within(target, "[data-message][aria-expanded=true]");

/** Moves the focus from message to message. */
function walk(box: HTMLElement | null, by: 1 | -1): boolean {
  const rows = [...(box?.querySelectorAll<HTMLElement>("[data-message]") ?? [])];
  const item = document.activeElement?.closest("li");
  const at = rows.findIndex((row) => item?.contains(row));
  const next = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
  next?.focus();
  return next !== undefined;
}
