namespace Writ.Server.Audit;

/// <summary>The log's state contradicts what was published: going on would fork it.</summary>
internal sealed class LogHaltedException(string why) : Exception(why);
