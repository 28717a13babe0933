using System.Text.Json;

namespace Writ.Contracts.Audit;

/// <summary>An entry of the audit log with its position, from 0; entries come oldest first.</summary>
public sealed record AuditEntryView(long Position, JsonElement Entry);
