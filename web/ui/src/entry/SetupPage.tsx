import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { client, need } from "../api/client";
import { portalQuery, queryClient, sessionQuery } from "../api/queries";
import { Complaint, fieldsOf, longEnough } from "../app/forms";
import { Entry } from "./Entry";
import { useSecret } from "./secret";

/** The first browser becomes the administrator. */
export function SetupPage() {
  const secret = useSecret();
  const navigate = useNavigate();
  const domain = useQuery(portalQuery).data?.domain;
  const form = useForm({
    initialValues: { name: "", address: "", password: "" },
    validate: { address: (v) => (v.trim() ? null : "Choose one, such as alice"), password: longEnough },
  });
  const setUp = useMutation({
    mutationFn: (values: typeof form.values) => need(client.POST("/setup", { body: { secret, ...values } })),
    onSuccess: async (viewer) => {
      queryClient.clear();
      queryClient.setQueryData(sessionQuery.queryKey, viewer);
      await navigate({ to: "/people" });
    },
    onError: (error) => form.setErrors(fieldsOf(error, { aor: "address" })),
  });
  return (
    <Entry title="Set up tandem" lead="You will be the administrator. You can invite others right after.">
      <form onSubmit={form.onSubmit((values) => setUp.mutate(values))} noValidate>
        <Stack>
          <Complaint error={setUp.error} />
          <TextInput label="Your name" autoComplete="name" autoFocus {...form.getInputProps("name")} />
          <TextInput
            label="Address"
            description={domain ? `People call you at this name @${domain}` : undefined}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            {...form.getInputProps("address")}
          />
          <PasswordInput
            label="Password"
            description="At least 10 characters"
            autoComplete="new-password"
            visibilityToggleButtonProps={{ "aria-label": "Show what is typed" }}
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={setUp.isPending} mt="xs" fullWidth>
            Start
          </Button>
        </Stack>
      </form>
    </Entry>
  );
}
