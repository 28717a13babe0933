using Microsoft.AspNetCore.Http.Metadata;

namespace Writ.Server;

/// <summary>The most bytes of a body that an endpoint takes, where it is not the server's own limit.</summary>
internal sealed record BodyLimit(long Bytes) : IRequestSizeLimitMetadata
{
    public long? MaxRequestBodySize => Bytes;
}
