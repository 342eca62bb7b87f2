import { Badge, Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, type Invitation, need, sentence } from "../api/client";
import { invitationsQuery } from "../api/queries";
import { Complaint } from "../app/forms";
import classes from "./Admin.module.css";

const colours: Record<Invitation["state"], string> = { open: "tandem", used: "gray", revoked: "gray", expired: "gray" };

export function Invitations() {
  const list = useQuery(invitationsQuery);
  if (list.isPending) return <Skeleton height={120} radius="lg" />;
  if (list.isError && !list.data) return <Complaint error={list.error} />;
  if (list.data?.invitations.length === 0)
    return (
      <Text c="dimmed" className={classes.nothing}>
        Nobody has been invited yet.
      </Text>
    );
  return (
    <ul className={classes.list} aria-label="Invitations">
      {list.data?.invitations.map((i) => (
        <Row key={i.id} invitation={i} />
      ))}
    </ul>
  );
}

function Row({ invitation: i }: { invitation: Invitation }) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => need(client.DELETE("/admin/invitations/{id}", { params: { path: { id: i.id } } })),
    onError: (error) => notifications.show({ color: "red", message: sentence(error) }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["invitations"] }),
  });
  const date = (iso: string) => new Date(iso).toLocaleDateString(undefined, { dateStyle: "medium" });
  return (
    <li className={classes.row}>
      <Stack gap={2} flex={1} miw={0}>
        <Text fw={600} truncate>
          {i.address}
        </Text>
        <Group gap={8}>
          <Badge size="sm" variant="light" color={colours[i.state]}>
            {i.state}
          </Badge>
          <Text size="sm" c="dimmed">
            {i.purpose === "device" ? "A phone" : "This portal"},{" "}
            {i.state === "open" ? `until ${date(i.expires_at)}` : `made ${date(i.created_at)}`}
          </Text>
        </Group>
      </Stack>
      {i.state === "open" && (
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          loading={revoke.isPending}
          onClick={() => revoke.mutate()}
          aria-label={`Revoke the invitation of ${i.address}`}
        >
          Revoke
        </Button>
      )}
    </li>
  );
}
