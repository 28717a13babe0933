using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    [DbContext(typeof(SqliteWritDb))]
    [Migration("20261127151519_Extensions")]
    public partial class Extensions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Turn",
                table: "runs",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "Extends",
                table: "requests",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "extensions",
                columns: table => new
                {
                    RequestId = table.Column<string>(type: "TEXT", nullable: false),
                    RunId = table.Column<string>(type: "TEXT", nullable: false),
                    RunnerId = table.Column<string>(type: "TEXT", nullable: false),
                    State = table.Column<string>(type: "TEXT", nullable: false),
                    From = table.Column<long>(type: "INTEGER", nullable: false),
                    Until = table.Column<long>(type: "INTEGER", nullable: false),
                    OrderBytes = table.Column<byte[]>(type: "BLOB", nullable: true),
                    OrderSignature = table.Column<byte[]>(type: "BLOB", nullable: true),
                    OrderKeyId = table.Column<string>(type: "TEXT", nullable: true),
                    Nonce = table.Column<string>(type: "TEXT", nullable: true),
                    Message = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_extensions", x => x.RequestId);
                    table.ForeignKey(
                        name: "FK_extensions_requests_RequestId",
                        column: x => x.RequestId,
                        principalTable: "requests",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_extensions_runs_RunId",
                        column: x => x.RunId,
                        principalTable: "runs",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "IX_requests_Extends",
                table: "requests",
                column: "Extends");

            migrationBuilder.CreateIndex(
                name: "IX_extensions_Nonce",
                table: "extensions",
                column: "Nonce",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_extensions_RunId_From",
                table: "extensions",
                columns: new[] { "RunId", "From" },
                unique: true,
                filter: "\"State\" <> 'Void'");

            migrationBuilder.CreateIndex(
                name: "IX_extensions_RunnerId_State",
                table: "extensions",
                columns: new[] { "RunnerId", "State" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "extensions");

            migrationBuilder.DropIndex(
                name: "IX_requests_Extends",
                table: "requests");

            migrationBuilder.DropColumn(
                name: "Turn",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "Extends",
                table: "requests");
        }
    }
}
