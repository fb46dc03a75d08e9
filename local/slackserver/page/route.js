// The place in the address bar: #/ana/ops or #/ana/ops/1700000000.000100
import { useEffect, useState } from "preact/hooks";

export function parse(hash) {
  const [user = "", place = "", thread = ""] = hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  return { user, place, thread };
}

export function useRoute() {
  const [route, setRoute] = useState(parse(location.hash));
  useEffect(() => {
    const listener = () => setRoute(parse(location.hash));
    addEventListener("hashchange", listener);
    return () => removeEventListener("hashchange", listener);
  }, []);
  return route;
}

export function go(user, place = "", thread = "") {
  location.hash = "#/" + [user, place, thread].filter(Boolean).map(encodeURIComponent).join("/");
}
