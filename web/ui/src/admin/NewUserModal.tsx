import { Button, Group, PasswordInput, Stack, Switch, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, need, type User } from "../api/client";
import { portalQuery } from "../api/queries";
import { Dialog } from "../app/Dialog";
import { Complaint, fieldsOf, longEnough } from "../app/forms";

type Props = { opened: boolean; onClose: () => void; onCreated: (user: User) => void };

export function NewUserModal({ opened, onClose, onCreated }: Props) {
  return (
    <Dialog opened={opened} onClose={onClose} title="New person">
      <Form onClose={onClose} onCreated={onCreated} />
    </Dialog>
  );
}

function Form({ onClose, onCreated }: Omit<Props, "opened">) {
  const queries = useQueryClient();
  const domain = useQuery(portalQuery).data?.domain;
  const form = useForm({
    initialValues: {
      name: "",
      address: "",
      password: "",
      caller_number: "",
      may_call_out: false,
      administrator: false,
    },
    validate: {
      address: (v) => (v.trim() ? null : "Choose one, such as alice"),
      password: (v) => (v ? longEnough(v) : null),
    },
  });
  const create = useMutation({
    mutationFn: (body: typeof form.values) => need(client.POST("/admin/users", { body })),
    onSuccess: async (user) => {
      await queries.invalidateQueries({ queryKey: ["users"] });
      onClose();
      onCreated(user);
    },
    onError: (error) => form.setErrors(fieldsOf(error, { aor: "address" })),
  });
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
      <Stack>
        <Complaint error={create.error} />
        <TextInput label="Name" autoComplete="off" data-autofocus {...form.getInputProps("name")} />
        <TextInput
          label="Address"
          description={domain ? `The part before @${domain}` : undefined}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          {...form.getInputProps("address")}
        />
        <PasswordInput
          label="Password"
          description="Leave it empty to let them choose one by link"
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": "Show what is typed" }}
          {...form.getInputProps("password")}
        />
        <TextInput
          label="Number shown when calling out"
          description="Leave it empty for the trunk's"
          placeholder="+15551234567"
          {...form.getInputProps("caller_number")}
        />
        <Switch label="May call the telephone network" {...form.getInputProps("may_call_out", { type: "checkbox" })} />
        <Switch label="Administrator" {...form.getInputProps("administrator", { type: "checkbox" })} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
