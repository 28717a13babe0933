using System.Globalization;
using System.Text;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Statements;
using Writ.Runner.Recordings;
using Writ.Runner.Runners;
using Writ.Runner.Runs;

namespace Writ.Runner.Secrets;

/// <summary>
/// Fetches the secrets of a run at its start, from where this host's own file says, and gives back what was only lent. Nothing is kept
/// between two runs, so a changed secret is the next run's.
/// </summary>
internal sealed class SecretStore(RunnerConfig config, TimeProvider time)
{
    private const string CredentialsFolder = "CREDENTIALS_DIRECTORY";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>All of a run's secrets, or none.</summary>
    /// <param name="wanted">Those of the statement.</param>
    /// <param name="tool">The tool that is to have them.</param>
    /// <param name="reach">What the run may reach.</param>
    /// <param name="deadline">When the run ends at the latest, in Unix microseconds.</param>
    /// <param name="cancel">Ends the wait for a source.</param>
    /// <exception cref="RunnerException">One of them cannot be had, or not by this run; the message names it, never what it is.</exception>
    public async Task<GivenSecrets> Fetch(IReadOnlyList<StatementSecret> wanted, string tool, NetworkScope reach, long deadline, CancellationToken cancel)
    {
        var given = new List<GivenSecret>();
        try
        {
            foreach (var secret in wanted)
            {
                var known = config.Secrets.FirstOrDefault(each => each.Name == secret.Name)
                    ?? throw new RunnerException($"secret {secret.Name}: this runner has none of this name", $"its operator adds it to secrets in {RunnerConfig.FileName}");
                if (!known.Tools.Contains(tool))
                    throw new RunnerException($"secret {secret.Name} is not for {tool} on this runner");
                if (!reach.IsWithin(known.ReachScope()))
                    throw new RunnerException($"secret {secret.Name} is not for all that this run may reach", $"its operator says for what by reach in {RunnerConfig.FileName}");
                var found = await Fetch(known, cancel);
                given.Add(new(found.Terms with { Environment = secret.Environment, UserEnvironment = secret.UserEnvironment, Path = secret.Path }, found.Value, found.User));
                Fit(given[^1]);
                Last(given[^1].Terms, deadline);
            }

            return new(given);
        }
        catch
        {
            await Return([.. given.Select(secret => secret.Terms)], _ => { });
            new GivenSecrets(given).Dispose();
            throw;
        }
    }

    /// <summary>One secret, whoever asks.</summary>
    /// <exception cref="RunnerException">It cannot be had.</exception>
    public async Task<GivenSecret> Fetch(SecretText secret, CancellationToken cancel)
    {
        using var until = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        until.CancelAfter(Patience);
        try
        {
            var found = secret switch
            {
                { File: { } path } => Of(SecretFile.Read(path)),
                { Environment: { } variable } => Of(Variable(variable)),
                { Credential: { } credential } => Of(SecretFile.Read(Path.Combine(
                    Environment.GetEnvironmentVariable(CredentialsFolder) ?? throw new RunnerException("systemd has handed no credentials over", "LoadCredential= in the runner's unit"), credential))),
                _ => await VaultOf(secret.Vault!).Read(secret, until.Token),
            };
            var given = new GivenSecret(new RunSecret(secret.Name, secret.Source) { Vault = secret.Vault }.LentBy(found.Lease, UnixMicroseconds.From(time.GetUtcNow())), found.Value, found.User);
            if (found.Value.Trimmed.Length >= Masks.Shortest)
                return given;
            await Return([given.Terms], _ => { });
            given.Dispose();
            throw new RunnerException($"it is shorter than {Masks.Shortest} bytes, which cannot be kept out of a recording");
        }
        catch (RunnerException wrong)
        {
            throw new RunnerException($"secret {secret.Name} cannot be had: {wrong.Message}", wrong.Hint);
        }
        catch (OperationCanceledException)
        {
            throw new RunnerException($"secret {secret.Name} cannot be had: {secret.Vault} did not answer in time");
        }
    }

    /// <summary>Makes a lease last until an instant, or as long as its Vault lets it.</summary>
    /// <param name="secret">What is lent.</param>
    /// <param name="deadline">The instant, in Unix microseconds.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>The secret as it is lent from now on; null where its lease is over.</returns>
    /// <exception cref="RunnerException">It could not be renewed now.</exception>
    public async Task<RunSecret?> Renew(RunSecret secret, long deadline, CancellationToken cancel)
    {
        using var until = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        until.CancelAfter(Patience);
        try
        {
            var now = UnixMicroseconds.From(time.GetUtcNow());
            return await VaultOf(secret.Vault!).Renew(secret.Lease!, UnixMicroseconds.ToDuration(deadline - now), until.Token) is { } renewed ? secret.LentBy(renewed, now) : null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new RunnerException($"{secret.Vault} did not answer in time");
        }
    }

    /// <summary>Gives back what was lent. It is done as well as it can be: a lease that stays ends by itself.</summary>
    /// <param name="terms">The secrets of a run that is over.</param>
    /// <param name="say">Told in a line of each that could not be given back.</param>
    public async Task Return(IReadOnlyList<RunSecret> terms, Action<string> say)
    {
        foreach (var secret in terms.Where(secret => secret is { Lease: not null, Vault: not null }))
        {
            using var until = new CancellationTokenSource(Patience);
            try
            {
                await VaultOf(secret.Vault!).Revoke(secret.Lease!, until.Token);
            }
            catch (Exception failed) when (failed is RunnerException or OperationCanceledException)
            {
                say($"secret {secret.Name}: its lease could not be revoked and lasts until it ends: {(failed is RunnerException ? failed.Message : $"{secret.Vault} did not answer in time")}");
            }
        }
    }

    // What its place in the sandbox cannot hold is found out before the run.
    private static void Fit(GivenSecret secret)
    {
        if (secret.Terms.UserEnvironment is { } user && secret.User is null)
            throw new RunnerException($"secret {secret.Terms.Name} comes without a user's name, and the command takes it as {user}", "name the user in the command, with a secret that is the password alone");
        if (secret.Variables().Any(variable => variable.Value.Span.Contains((byte)0)))
            throw new RunnerException($"secret {secret.Terms.Name} holds a zero byte, which no variable can");
    }

    // What ends before the run may, and cannot be renewed, would fail in the middle of it.
    private static void Last(RunSecret secret, long deadline)
    {
        if (secret is { Renewable: false, LeaseUntil: { } until, LentAt: { } at } && until < deadline)
        {
            throw new RunnerException(
                string.Create(CultureInfo.InvariantCulture, $"secret {secret.Name} is lent for {(until - at) / 1_000_000} s and cannot be renewed, and the run may last {(deadline - at) / 1_000_000} s"),
                "ask for a shorter time, or its operator has the Vault lend it for longer");
        }

        if (secret is { TokenUntil: { } end, LentAt: { } since } && end < deadline)
        {
            throw new RunnerException(
                string.Create(CultureInfo.InvariantCulture, $"secret {secret.Name} ends with the sign-in that it came by, after {(end - since) / 1_000_000} s, and the run may last {(deadline - since) / 1_000_000} s"),
                "ask for a shorter time, or its operator gives the AppRole a longer token_ttl");
        }
    }

    private Vault VaultOf(string name) => new(config.Vaults.FirstOrDefault(vault => vault.Name == name) ?? throw new RunnerException($"there is no {name} among vaults any more"));

    private static SecretBytes Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
            ? SecretBytes.Of(Encoding.UTF8.GetBytes(value))
            : throw new RunnerException($"the runner's environment has no {name}");

    private static VaultSecret Of(SecretBytes value) => new(value, null, null);
}
