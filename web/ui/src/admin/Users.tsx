import { ActionIcon, Avatar, Badge, Group, Menu, Skeleton, Stack, Switch, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  IconDeviceLandlinePhone,
  IconDots,
  IconKey,
  IconPencil,
  IconUserCheck,
  IconUserOff,
} from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, need, sentence, type User } from "../api/client";
import { sessionQuery, usersQuery } from "../api/queries";
import { Complaint } from "../app/forms";
import { number } from "../messages/format";
import classes from "./Admin.module.css";
import { EditUserModal } from "./EditUserModal";
import type { Invite } from "./PeoplePage";

/** A change of a user: the list shows it when the server has taken it. */
export function useChangeUser() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...body }: { id: string; may_call_out?: boolean; disabled?: boolean }) =>
      need(client.PATCH("/admin/users/{id}", { params: { path: { id } }, body })),
    onError: (error) => notifications.show({ color: "red", message: sentence(error) }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["users"] }),
  });
}

export function Users({ onInvite }: { onInvite: (invite: Invite) => void }) {
  const users = useQuery(usersQuery);
  const [editing, setEditing] = useState<User | null>(null);
  if (users.isPending) return <Skeleton height={180} radius="lg" />;
  if (users.isError && !users.data) return <Complaint error={users.error} />;
  return (
    <>
      <ul className={classes.list} aria-label="Users">
        {users.data?.users.map((user) => (
          <Row key={user.id} user={user} onInvite={onInvite} onEdit={() => setEditing(user)} />
        ))}
      </ul>
      <EditUserModal user={editing} onClose={() => setEditing(null)} />
    </>
  );
}

type RowProps = { user: User; onInvite: (invite: Invite) => void; onEdit: () => void };

function Row({ user, onInvite, onEdit }: RowProps) {
  const change = useChangeUser();
  return (
    <li className={classes.row} data-off={user.disabled || undefined}>
      <Avatar name={user.name} color="tandem" alt="" />
      <Stack gap={0} flex={1} miw={0}>
        <Group gap={8} wrap="nowrap">
          <Text fw={600} truncate>
            {user.name}
          </Text>
          {user.administrator && (
            <Badge size="sm" variant="light" flex="none">
              Admin
            </Badge>
          )}
          {user.disabled && (
            <Badge size="sm" variant="light" color="gray">
              Disabled
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed" truncate>
          {user.address}
          {user.caller_number && ` · ${number(user.caller_number)}`}
        </Text>
      </Stack>
      <Switch
        classNames={{ labelWrapper: classes.wide }}
        label="Calls out"
        labelPosition="left"
        aria-label={`${user.name} may call the telephone network`}
        checked={user.may_call_out}
        disabled={user.disabled || change.isPending}
        onChange={(e) => change.mutate({ id: user.id, may_call_out: e.currentTarget.checked })}
      />
      <RowMenu user={user} onInvite={onInvite} onEdit={onEdit} />
    </li>
  );
}

function RowMenu({ user, onInvite, onEdit }: RowProps) {
  const change = useChangeUser();
  const me = useQuery(sessionQuery).data;
  const icon = { size: 16, "aria-hidden": true } as const;
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`More about ${user.name}`}>
          <IconDots size={20} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconDeviceLandlinePhone {...icon} />}
          disabled={user.disabled}
          onClick={() => onInvite({ user, purpose: "device" })}
        >
          Invite a phone
        </Menu.Item>
        <Menu.Item
          leftSection={<IconKey {...icon} />}
          disabled={user.disabled}
          onClick={() => onInvite({ user, purpose: "password" })}
        >
          {user.can_sign_in ? "Link for a new password" : "Link to this portal"}
        </Menu.Item>
        <Menu.Item leftSection={<IconPencil {...icon} />} onClick={onEdit}>
          Edit
        </Menu.Item>
        <Menu.Divider />
        {user.disabled ? (
          <Menu.Item
            leftSection={<IconUserCheck {...icon} />}
            onClick={() => change.mutate({ id: user.id, disabled: false })}
          >
            Enable
          </Menu.Item>
        ) : (
          <Menu.Item
            color="red"
            leftSection={<IconUserOff {...icon} />}
            disabled={user.id === me?.id}
            onClick={() => change.mutate({ id: user.id, disabled: true })}
          >
            Disable
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
