import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/** Looks at the messages again whenever the server says that they changed. Returns whether it is listening. */
export function useEvents(): boolean {
  const queries = useQueryClient();
  const [listening, setListening] = useState(true);
  useEffect(() => {
    let source: EventSource | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      source = new EventSource("/api/events");
      source.onopen = () => setListening(true);
      source.addEventListener("messages", () => void queries.invalidateQueries({ queryKey: ["messages"] }));
      source.onerror = () => {
        setListening(false);
        if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
        void queries.invalidateQueries({ queryKey: ["session"] });
        again = setTimeout(open, 5_000);
      };
    };
    open();
    return () => {
      source?.close();
      clearTimeout(again);
    };
  }, [queries]);
  return listening;
}
