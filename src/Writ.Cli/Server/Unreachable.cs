using System.Net.Sockets;
using System.Security.Authentication;

namespace Writ.Cli.Server;

/// <summary>Why a server cannot be reached, in words.</summary>
internal static class Unreachable
{
    /// <summary>The line and hint for a call that got no answer.</summary>
    public static Stop Stop(ServerAddress address, HttpRequestException error)
    {
        var why = Why(error);
        var hint = error.InnerException is AuthenticationException
            ? "set WRIT_CA to the PEM file of the CA to trust"
            : "is the server running, and is WRIT_SERVER right?";
        return new(ExitCode.Failed, $"cannot reach {address.Text}: {why}", hint);
    }

    /// <summary>The reason alone.</summary>
    public static string Why(Exception error)
    {
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case SocketException socket:
                    return socket.SocketErrorCode switch
                    {
                        SocketError.ConnectionRefused => "connection refused",
                        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "no such host",
                        SocketError.TimedOut => "timed out",
                        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "no route",
                        SocketError.AddressNotAvailable => "no such address or socket",
                        SocketError.AccessDenied => "permission denied",
                        SocketError.ConnectionReset => "connection reset",
                        _ => Lower(socket.Message),
                    };
                case AuthenticationException:
                    return "its certificate is not trusted";
                case TimeoutException:
                    return "timed out";
                case HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded }:
                    return "connection closed before the answer";
            }
        }

        return Lower(error.Message);
    }

    private static string Lower(string message) =>
        message.Length == 0 ? "no connection" : char.ToLowerInvariant(message[0]) + message[1..].TrimEnd('.');
}
