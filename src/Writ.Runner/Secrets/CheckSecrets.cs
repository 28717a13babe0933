using Writ.Runner.Runners;

namespace Writ.Runner.Secrets;

/// <summary><c>writ-runner secrets</c>: fetches every configured secret, tells whether it can be had, and shows none.</summary>
internal static class CheckSecrets
{
    /// <exception cref="RunnerException">One of them cannot be had.</exception>
    public static async Task Run(DataFolder data, TextWriter output, TimeProvider time, CancellationToken stop)
    {
        var config = RunnerConfig.Read(data.Config);
        var store = new SecretStore(config, time);
        var failed = 0;
        foreach (var secret in config.Secrets)
        {
            try
            {
                using var given = await store.Fetch(secret, stop);
                output.WriteLine($"{secret.Name}  {secret.Source}: ok; for {(secret.Tools.Count == 0 ? "no tool" : string.Join(", ", secret.Tools))}");
                await store.Return([given.Terms], output.WriteLine);
            }
            catch (RunnerException wrong)
            {
                failed++;
                output.WriteLine($"{secret.Name}  {secret.Source}: {wrong.Message}");
                if (wrong.Hint is { } hint)
                    output.WriteLine($"  hint: {hint}");
            }
        }

        if (config.Secrets.Count == 0)
            output.WriteLine($"{RunnerConfig.FileName} names no secrets");
        if (failed > 0)
            throw new RunnerException($"{failed} of {config.Secrets.Count} secrets cannot be had");
    }
}
