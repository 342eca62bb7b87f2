import { Button, Group, Stack, Tabs, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import type { User } from "../api/client";
import { Invitations } from "./Invitations";
import { InviteModal, type Purpose } from "./InviteModal";
import { NewUserModal } from "./NewUserModal";
import { Users } from "./Users";

export type Invite = { user: User; purpose: Purpose };

/** Users and their invitations. */
export function PeoplePage() {
  const [creating, create] = useDisclosure();
  const [invite, setInvite] = useState<Invite | null>(null);
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <Title order={1} size="h2">
          People
        </Title>
        <Button leftSection={<IconUserPlus size={18} aria-hidden="true" />} onClick={create.open}>
          New person
        </Button>
      </Group>
      <Tabs defaultValue="users" variant="pills" keepMounted={false}>
        <Tabs.List aria-label="Lists" mb="md">
          <Tabs.Tab value="users">Users</Tabs.Tab>
          <Tabs.Tab value="invitations">Invitations</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="users">
          <Users onInvite={setInvite} />
        </Tabs.Panel>
        <Tabs.Panel value="invitations">
          <Invitations />
        </Tabs.Panel>
      </Tabs>
      <NewUserModal
        opened={creating}
        onClose={create.close}
        onCreated={(user) => setInvite({ user, purpose: "device" })}
      />
      <InviteModal invite={invite} onClose={() => setInvite(null)} />
    </Stack>
  );
}
