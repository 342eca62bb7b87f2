import { type RefObject, useCallback, useEffect, useState } from "react";

export type Player = {
  playing: boolean;
  at: number;
  length: number;
  rate: number;
  failed: boolean;
  toggle: () => void;
  seek: (seconds: number) => void;
  setRate: (rate: number) => void;
};

/** What an audio element does, and how to make it do something else. known is its length until it says so itself. */
export function usePlayer(ref: RefObject<HTMLAudioElement | null>, known: number): Player {
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(known);
  const [rate, setRateState] = useState(1);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    const audio = ref.current;
    if (!audio) return;
    const stop = new AbortController();
    const on = (events: string, f: () => void) => {
      for (const event of events.split(" ")) audio.addEventListener(event, f, { signal: stop.signal });
    };
    let frame = 0;
    const follow = () => {
      setAt(audio.currentTime);
      if (!audio.paused) frame = requestAnimationFrame(follow);
    };
    on("play pause ended", () => {
      setPlaying(!audio.paused);
      cancelAnimationFrame(frame);
      follow();
    });
    on("seeking seeked timeupdate", () => setAt(audio.currentTime));
    on("loadedmetadata durationchange", () => Number.isFinite(audio.duration) && setLength(audio.duration));
    on("error", () => setFailed(true));
    on("loadeddata playing", () => setFailed(false));
    return () => {
      stop.abort();
      cancelAnimationFrame(frame);
      audio.pause();
    };
  }, [ref]);

  const toggle = useCallback(() => {
    const audio = ref.current;
    if (!audio) return;
    if (!audio.paused) return audio.pause();
    if (audio.error) audio.load();
    audio.play().catch(() => setPlaying(false)); // the error event tells why
  }, [ref]);
  const seek = useCallback(
    (seconds: number) => {
      const audio = ref.current;
      if (!audio) return;
      audio.currentTime = Math.min(Math.max(0, seconds), Number.isFinite(audio.duration) ? audio.duration : known);
      setAt(audio.currentTime);
    },
    [ref, known],
  );
  const setRate = useCallback(
    (next: number) => {
      if (ref.current) ref.current.playbackRate = next;
      setRateState(next);
    },
    [ref],
  );
  return { playing, at, length, rate, failed, toggle, seek, setRate };
}
