using Writ.Cli;
using Writ.Cli.Output;
using Writ.Cli.Server;

// Before anything that could touch TLS.
Trust.SkipSystemStore();

#pragma warning disable RS0030 // Here, and only here, the system's clock is named.
using var context = new CliContext(
    Terminal.OfProcess(), Environment.GetEnvironmentVariable, TimeProvider.System, () => new Interruption(Environment.Exit).Listen());
#pragma warning restore RS0030
return await CommandTree.InvokeAsync(context, args);
