import { Avatar, Button, Group, Menu, PasswordInput, Stack, Text, UnstyledButton } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconKey, IconLogout } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { client, need, type Viewer } from "../api/client";
import { queryClient } from "../api/queries";
import { Dialog } from "./Dialog";
import { Complaint, fieldsOf, longEnough } from "./forms";

export function UserMenu({ viewer }: { viewer: Viewer }) {
  const [changing, change] = useDisclosure();
  const navigate = useNavigate();
  const signOut = useMutation({
    mutationFn: () => need(client.DELETE("/session")),
    onSuccess: async () => {
      queryClient.clear();
      await navigate({ to: "/signin" });
    },
  });
  return (
    <>
      <Menu position="bottom-end" width={230} withinPortal>
        <Menu.Target>
          <UnstyledButton aria-label={`Account of ${viewer.name}`} style={{ borderRadius: "50%" }}>
            <Avatar name={viewer.name} color="tandem" size={34} alt="" />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Stack gap={0} px="sm" py={6}>
            <Text size="sm" fw={600} truncate>
              {viewer.name}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {viewer.address}
            </Text>
          </Stack>
          <Menu.Divider />
          <Menu.Item leftSection={<IconKey size={16} aria-hidden="true" />} onClick={change.open}>
            Change password
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={16} aria-hidden="true" />} onClick={() => signOut.mutate()}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Dialog opened={changing} onClose={change.close} title="Change password">
        <ChangePassword done={change.close} />
      </Dialog>
    </>
  );
}

function ChangePassword({ done }: { done: () => void }) {
  const form = useForm({ initialValues: { old: "", new: "" }, validate: { new: longEnough } });
  const save = useMutation({
    mutationFn: (body: typeof form.values) => need(client.PUT("/password", { body })),
    onSuccess: () => {
      done();
      notifications.show({ message: "Your password is changed. Other browsers have been signed out." });
    },
    onError: (error) => form.setErrors(fieldsOf(error, { password: "new" })),
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack>
        <Complaint error={save.error} />
        <PasswordInput label="Old password" autoComplete="current-password" {...form.getInputProps("old")} />
        <PasswordInput
          label="New password"
          description="At least 10 characters"
          autoComplete="new-password"
          {...form.getInputProps("new")}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={done}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            Change
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
