import { Button, Container, Group, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { sentence } from "../api/client";

export function Failure({ error }: { error: unknown }) {
  return (
    <Container size="xs" py={80}>
      <Title order={1} size="h2">
        That did not work
      </Title>
      <Text c="dimmed" mt="xs">
        {sentence(error)}
      </Text>
      <Group mt="lg">
        <Button onClick={() => location.reload()}>Try again</Button>
      </Group>
    </Container>
  );
}

export function NotFound() {
  return (
    <Container size="xs" py={80}>
      <Title order={1} size="h2">
        There is nothing here
      </Title>
      <Text c="dimmed" mt="xs" mb="lg">
        The address may be old, or mistyped.
      </Text>
      <Button renderRoot={(props) => <Link to="/" {...props} />}>To your messages</Button>
    </Container>
  );
}
