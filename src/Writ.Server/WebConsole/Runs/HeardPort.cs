namespace Writ.Server.WebConsole.Runs;

/// <summary>An open port that a tool told of in its output.</summary>
/// <param name="At">Milliseconds after the run's beginning.</param>
public sealed record HeardPort(double At, string Address, string Protocol, int Port);
