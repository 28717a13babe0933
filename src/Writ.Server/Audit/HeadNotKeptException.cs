namespace Writ.Server.Audit;

/// <summary>The newest head cannot be kept beside the database, for example on a full disk; so it is shown to nobody.</summary>
internal sealed class HeadNotKeptException(IOException why)
    : Exception("the newest head of the audit log cannot be written to the server's disk, and is not shown before", why);
