import { Container, Group, Text } from "@mantine/core";
import { IconRecordMail, IconServer2, IconUsers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { useEvents } from "../api/events";
import { messagesQuery, sessionQuery } from "../api/queries";
import { Logo } from "./Logo";
import classes from "./Shell.module.css";
import { UserMenu } from "./UserMenu";

const places = [
  { to: "/", label: "Messages", icon: IconRecordMail },
  { to: "/people", label: "People", icon: IconUsers },
  { to: "/system", label: "System", icon: IconServer2 },
] as const;

/** What surrounds every page behind the sign-in. */
export function Shell() {
  const viewer = useQuery(sessionQuery).data;
  const unheard = useQuery({ ...messagesQuery("inbox"), enabled: Boolean(viewer) }).data?.new ?? 0;
  const listening = useEvents();
  const navigate = useNavigate();
  useEffect(() => {
    if (viewer === null) void navigate({ to: "/signin" }); // the session has ended
  }, [viewer, navigate]);
  useEffect(() => {
    document.title = unheard > 0 ? `(${unheard}) tandem` : "tandem";
  }, [unheard]);
  if (!viewer) return null;
  return (
    <>
      <a className={classes.skip} href="#main">
        Skip to content
      </a>
      <header className={classes.header}>
        <Container size="md" className={classes.bar}>
          <Link to="/" className={classes.home} aria-label="tandem, to your messages">
            <Logo />
          </Link>
          {viewer.administrator && <Places unheard={unheard} />}
          <Group gap="xs" ml="auto" wrap="nowrap">
            {!listening && (
              <Text size="sm" c="dimmed" role="status">
                Reconnecting…
              </Text>
            )}
            <UserMenu viewer={viewer} />
          </Group>
        </Container>
      </header>
      <Container component="main" size="md" id="main" className={classes.main} tabIndex={-1}>
        <Outlet />
      </Container>
    </>
  );
}

function Places({ unheard }: { unheard: number }) {
  return (
    <nav className={classes.places} aria-label="Pages">
      {places.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          className={classes.place}
          activeOptions={{ exact: to === "/", includeSearch: false }}
          activeProps={{ "data-active": true, "aria-current": "page" }}
        >
          <Icon size={20} stroke={1.7} aria-hidden="true" />
          <span>{label}</span>
          {to === "/" && unheard > 0 && <span className={classes.count}>{unheard}</span>}
        </Link>
      ))}
    </nav>
  );
}
