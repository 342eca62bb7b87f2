import { Button, Loader, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { client, need } from "../api/client";
import { queryClient, sessionQuery } from "../api/queries";
import { Complaint, fieldsOf, longEnough } from "../app/forms";
import { Entry } from "./Entry";
import { useSecret } from "./secret";

/** Somebody who was invited chooses a password. */
export function WelcomePage() {
  const secret = useSecret();
  const invited = useQuery({
    queryKey: ["welcome", secret],
    queryFn: () => need(client.POST("/welcome/check", { body: { secret } })),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (invited.isPending) return <Entry title="Welcome">{<Loader aria-label="Loading" />}</Entry>;
  if (invited.isError)
    return (
      <Entry title="This link does not work">
        <Complaint error={invited.error} />
        <Button variant="default" renderRoot={(props) => <Link to="/signin" {...props} />}>
          To the sign-in
        </Button>
      </Entry>
    );
  return <Choose secret={secret} name={invited.data.name} address={invited.data.address} />;
}

function Choose({ secret, name, address }: { secret: string; name: string; address: string }) {
  const navigate = useNavigate();
  const form = useForm({ initialValues: { password: "" }, validate: { password: longEnough } });
  const choose = useMutation({
    mutationFn: (values: typeof form.values) => need(client.POST("/welcome", { body: { secret, ...values } })),
    onSuccess: async (viewer) => {
      queryClient.clear();
      queryClient.setQueryData(sessionQuery.queryKey, viewer);
      await navigate({ to: "/" });
    },
    onError: (error) => form.setErrors(fieldsOf(error)),
  });
  return (
    <Entry title={`Welcome, ${name}`} lead="Choose a password. With it you can listen to your messages in any browser.">
      <form onSubmit={form.onSubmit((values) => choose.mutate(values))} noValidate>
        <Stack>
          <Complaint error={choose.error} />
          <TextInput label="Address" value={address} readOnly autoComplete="username" />
          <PasswordInput
            label="Password"
            description="At least 10 characters"
            autoComplete="new-password"
            autoFocus
            visibilityToggleButtonProps={{ "aria-label": "Show what is typed" }}
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={choose.isPending} mt="xs" fullWidth>
            Choose this password
          </Button>
        </Stack>
      </form>
    </Entry>
  );
}
