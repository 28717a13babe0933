using System.CommandLine;
using Writ.Server.Commands;

#pragma warning disable RS0030 // The one place that names the system's clock.
var clock = TimeProvider.System;
#pragma warning restore RS0030

var root = new RootCommand("The Writ server: decides who may run what, and proves what was run.")
{
    Init.Build(clock),
    Serve.Build(clock),
    TokenCommand.Build(clock),
    AccountCommand.Build(clock),
    PasskeyCommand.Build(clock),
    ProposalCommand.Build(clock),
    ScimCommand.Build(clock),
    EventsCommand.Build(clock),
    PlanCommand.Build(),
    LogKeyCommand.Build(clock),
    WitnessCommand.Build(clock),
    StreamCommand.Build(clock),
    MailCommand.Build(clock),
    PushCommand.Build(),
};
return await CommandLine.Run(root, args);
