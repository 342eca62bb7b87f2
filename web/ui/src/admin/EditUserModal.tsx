import { Button, Divider, Group, NumberInput, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, need, sentence, type User } from "../api/client";
import { Dialog } from "../app/Dialog";
import { Complaint, fieldsOf, longEnough } from "../app/forms";

export function EditUserModal({ user, onClose }: { user: User | null; onClose: () => void }) {
  return (
    <Dialog opened={user !== null} onClose={onClose} title={user?.address ?? ""}>
      {user && (
        <Stack gap="xl">
          <Details user={user} onClose={onClose} />
          <Password user={user} />
          <Devices user={user} />
        </Stack>
      )}
    </Dialog>
  );
}

function Details({ user, onClose }: { user: User; onClose: () => void }) {
  const queries = useQueryClient();
  const form = useForm({
    initialValues: { name: user.name, caller_number: user.caller_number, ring_seconds: user.ring_seconds },
  });
  const save = useMutation({
    mutationFn: (body: typeof form.values) =>
      need(client.PATCH("/admin/users/{id}", { params: { path: { id: user.id } }, body })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["users"] });
      onClose();
    },
    onError: (error) => form.setErrors(fieldsOf(error)),
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
      <Stack>
        <Complaint error={save.error} />
        <TextInput label="Name" {...form.getInputProps("name")} />
        <TextInput
          label="Number shown when calling out"
          placeholder="+15551234567"
          {...form.getInputProps("caller_number")}
        />
        <NumberInput label="Rings for" suffix=" seconds" min={1} max={180} {...form.getInputProps("ring_seconds")} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Password({ user }: { user: User }) {
  const form = useForm({ initialValues: { password: "" }, validate: { password: longEnough } });
  const set = useMutation({
    mutationFn: (body: typeof form.values) =>
      need(client.PUT("/admin/users/{id}/password", { params: { path: { id: user.id } }, body })),
    onSuccess: () => {
      form.reset();
      notifications.show({ message: `${user.name} has a new password and has been signed out.` });
    },
    onError: (error) => form.setErrors(fieldsOf(error)),
  });
  return (
    <form onSubmit={form.onSubmit((values) => set.mutate(values))} noValidate>
      <Divider label="Password" labelPosition="left" mb="sm" />
      <Complaint error={set.error} />
      <Group align="flex-start" wrap="nowrap">
        <PasswordInput
          flex={1}
          aria-label="New password"
          placeholder="New password"
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": "Show what is typed" }}
          {...form.getInputProps("password")}
        />
        <Button type="submit" variant="default" loading={set.isPending}>
          Set
        </Button>
      </Group>
    </form>
  );
}

function Devices({ user }: { user: User }) {
  const queries = useQueryClient();
  const key = ["devices", user.id];
  const devices = useQuery({
    queryKey: key,
    queryFn: () => need(client.GET("/admin/users/{id}/devices", { params: { path: { id: user.id } } })),
  });
  const revoke = useMutation({
    mutationFn: (device: string) =>
      need(client.DELETE("/admin/users/{id}/devices/{device}", { params: { path: { id: user.id, device } } })),
    onError: (error) => notifications.show({ color: "red", message: sentence(error) }),
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
  const list = devices.data?.devices ?? [];
  return (
    <div>
      <Divider label="Devices" labelPosition="left" mb="sm" />
      {devices.isSuccess && list.length === 0 && (
        <Text size="sm" c="dimmed">
          None yet. Invite a phone.
        </Text>
      )}
      <Stack gap="xs">
        {list.map((d) => (
          <Group key={d.id} justify="space-between" wrap="nowrap">
            <div style={{ minWidth: 0 }}>
              <Text size="sm" ff="monospace" truncate>
                {d.node_id}
              </Text>
              <Text size="xs" c="dimmed">
                {d.revoked_at
                  ? "Revoked"
                  : `Since ${new Date(d.issued_at).toLocaleDateString()}, until ${new Date(d.expires_at).toLocaleDateString()}`}
              </Text>
            </div>
            {!d.revoked_at && (
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                onClick={() => revoke.mutate(d.id)}
                aria-label={`Revoke device ${d.node_id}`}
              >
                Revoke
              </Button>
            )}
          </Group>
        ))}
      </Stack>
    </div>
  );
}
