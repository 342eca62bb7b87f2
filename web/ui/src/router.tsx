import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { queryClient, sessionQuery } from "./api/queries";
import { Failure, NotFound } from "./app/Failure";
import { Shell } from "./app/Shell";
import { SignInPage } from "./entry/SignInPage";

const root = createRootRoute({ component: Outlet, errorComponent: Failure, notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/signin",
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    typeof search.next === "string" && /^\/(?![/\\])/.test(search.next) ? { next: search.next } : {},
  component: SignInPage,
});
const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./entry/SetupPage"), "SetupPage"),
});
const welcome = createRoute({
  getParentRoute: () => root,
  path: "/welcome",
  component: lazyRouteComponent(() => import("./entry/WelcomePage"), "WelcomePage"),
});
const join = createRoute({
  getParentRoute: () => root,
  path: "/join/$secret",
  component: lazyRouteComponent(() => import("./entry/JoinPage"), "JoinPage"),
});

// Behind the sign-in.
const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ location }) => {
    const viewer = await queryClient.ensureQueryData(sessionQuery);
    if (!viewer)
      throw redirect({ to: "/signin", search: location.pathname === "/" ? {} : { next: location.pathname } });
    return { viewer };
  },
});
const inbox = createRoute({
  getParentRoute: () => shell,
  path: "/",
  validateSearch: (search: Record<string, unknown>): { folder?: "trash" } =>
    search.folder === "trash" ? { folder: "trash" } : {},
  component: lazyRouteComponent(() => import("./messages/InboxPage"), "InboxPage"),
});

// The administrator's. The API decides; this only spares others the sight of a refusal.
const administrators = async () => {
  const viewer = await queryClient.ensureQueryData(sessionQuery);
  if (!viewer?.administrator) throw redirect({ to: "/" });
};
const people = createRoute({
  getParentRoute: () => shell,
  path: "/people",
  beforeLoad: administrators,
  component: lazyRouteComponent(() => import("./admin/PeoplePage"), "PeoplePage"),
});
const system = createRoute({
  getParentRoute: () => shell,
  path: "/system",
  beforeLoad: administrators,
  component: lazyRouteComponent(() => import("./admin/SystemPage"), "SystemPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([signIn, setup, welcome, join, shell.addChildren([inbox, people, system])]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
