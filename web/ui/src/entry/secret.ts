import { useEffect, useState } from "react";

/** The secret behind the # of the address. It is taken out of the address bar and of the history. */
export function useSecret(): string {
  const [secret] = useState(() => decodeURIComponent(location.hash.slice(1)));
  useEffect(() => {
    if (location.hash) history.replaceState(history.state, "", location.pathname);
  }, []);
  return secret;
}
