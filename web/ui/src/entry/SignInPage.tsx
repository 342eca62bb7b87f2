import { Alert, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { client, need } from "../api/client";
import { portalQuery, queryClient, sessionQuery } from "../api/queries";
import { Complaint } from "../app/forms";
import { Entry } from "./Entry";

export function SignInPage() {
  const { next } = useSearch({ from: "/signin" });
  const navigate = useNavigate();
  const portal = useQuery(portalQuery).data;
  const form = useForm({
    initialValues: { address: "", password: "" },
    validate: {
      address: (v) => (v.trim() ? null : "Your address, such as alice"),
      password: (v) => (v ? null : "Your password"),
    },
  });
  const signIn = useMutation({
    mutationFn: (body: typeof form.values) => need(client.POST("/session", { body })),
    onSuccess: async (viewer) => {
      queryClient.clear();
      queryClient.setQueryData(sessionQuery.queryKey, viewer);
      await navigate({ to: next ?? "/" });
    },
  });
  return (
    <Entry title="Sign in" lead={portal?.domain ? `Your messages at ${portal.domain}` : undefined}>
      {portal?.set_up === false && (
        <Alert variant="light" title="Not set up yet">
          Open the link that <code>tandem serve</code> printed when it started. It makes you the administrator.
        </Alert>
      )}
      <form onSubmit={form.onSubmit((values) => signIn.mutate(values))} noValidate>
        <Stack>
          <Complaint error={signIn.error} />
          <TextInput
            label="Address"
            placeholder={portal?.domain ? `alice@${portal.domain}` : "alice"}
            autoComplete="username"
            autoCapitalize="none"
            autoCorrect="off"
            spellCheck={false}
            autoFocus
            {...form.getInputProps("address")}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            visibilityToggleButtonProps={{ "aria-label": "Show what is typed" }}
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={signIn.isPending} mt="xs" fullWidth>
            Sign in
          </Button>
        </Stack>
      </form>
    </Entry>
  );
}
