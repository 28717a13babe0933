namespace Writ.Server.Errors;

/// <summary>What an endpoint adds to the challenge that a call without a sign-in is answered with: a parameter of <c>WWW-Authenticate</c> (RFC 9110, section 11.6.1).</summary>
internal sealed record ChallengeParameter(string Text);
